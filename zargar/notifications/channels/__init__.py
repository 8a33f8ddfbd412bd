"""The ways out: one file for each provider, each held to the contract of `zargar.notifications.ports.Provider`."""
