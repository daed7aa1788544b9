"""What several test files share: real servers on loopback, and ways to break them."""
