"""May I use this photo? One question with a plain answer."""
