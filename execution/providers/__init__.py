"""One module for each provider's protocol, behind the port."""
