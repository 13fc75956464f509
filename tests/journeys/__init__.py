"""Real people's journeys in a real browser against the real server, worker and mail folder."""
