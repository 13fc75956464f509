"""Abuse and faults: each test is named in docs/security.md under the case it shows."""
