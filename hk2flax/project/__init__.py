"""What the user's tree contains: files, names across files, classes, what creates modules."""
