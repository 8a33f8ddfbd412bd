"""The 18 entries of the contract: when each is due, what became of every slot, and what people decided about them."""
