"""Was it true: four clocks, from what comes in to what became of it."""
