"""Mail to customers: by SMTP, or by a company through django-anymail; and what comes back."""
