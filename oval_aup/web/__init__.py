"""HTTP only: who may come in, one unit of work per request, and one blueprint per audience."""
