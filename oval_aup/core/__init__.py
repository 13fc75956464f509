"""The floor: clock, database, errors, actors, rendering. It knows nothing of schools."""
