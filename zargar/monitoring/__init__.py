"""What is promised and whether it is kept: health by family, who lives and works, what the boards are worth."""
