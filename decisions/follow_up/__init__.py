"""What follows from an answer: notices, fees, the provider's bill."""
