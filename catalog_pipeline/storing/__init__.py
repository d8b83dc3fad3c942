"""Page files on disk: written durably, verified when read. No network, no parsing."""
