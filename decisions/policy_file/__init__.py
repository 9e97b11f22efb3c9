"""Policy files: read, checked, converted, imported."""
