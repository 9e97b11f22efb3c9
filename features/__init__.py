"""What we knew and when: the contract, features, account facts and labels."""
