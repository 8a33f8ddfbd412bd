"""The background engine of ZARGAR: gold prices, backups and messages for Iranian jewellery shops."""
