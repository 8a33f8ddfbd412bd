"""Messages to devices: Web Push to browsers, FCM to telephones."""
