"""Gold sold in instalments: contracts, their plans and payments (tenant schema). Money is whole Toman, weight grams.

`terms` and `standing` judge (what the sums must be, what is paid and overdue); the database enforces the same sums by
constraints and triggers (migrations 0001 and 0002); `operations` is the only way in.
"""
