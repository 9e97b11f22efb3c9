"""The one path from events to a recommendation."""
