"""The outside world: mail, chat, files of other systems; it decides nothing."""
