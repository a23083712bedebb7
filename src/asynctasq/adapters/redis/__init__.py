"""The queue on Redis or Valkey: scripts that do a whole batch in one step of the server."""
