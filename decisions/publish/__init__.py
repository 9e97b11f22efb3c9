"""The collections policy that customers read, from the same values that decide."""
