"""What is trained: methods and the parts that they are built from."""
