"""What is to be done with a program, as data: decided here, carried out in `rewrite`."""
