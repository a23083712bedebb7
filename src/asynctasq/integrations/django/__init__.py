"""A Django app: put `"asynctasq.integrations.django"` into `INSTALLED_APPS`."""
