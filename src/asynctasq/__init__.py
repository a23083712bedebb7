"""AsyncTasQ: background tasks for asyncio applications."""
