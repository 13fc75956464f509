"""The stand-alone verifier of evidence packs, and the rules of checking that it shares with the school's own checks.

``bundle`` joins the other modules into the one file that is given out. They need Python alone and import nothing of
ours but each other.
"""
