"""What the user's tree contains: files, names resolved across files, classes, what creates modules."""
