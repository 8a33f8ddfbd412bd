"""The probe of the web asks with a host name that Django accepts, or a healthy process would look ill."""

import pytest
from django.http.request import validate_host

from zargar.cli.web_probe import allowed_host


@pytest.mark.parametrize(
    "allowed", ["console.example.ir", "console.example.ir, .shops.example.ir", ".shops.example.ir", "*", ""]
)
def test_the_host_that_is_asked_for_is_one_of_the_allowed(allowed: str) -> None:
    names = [name.strip() for name in allowed.split(",") if name.strip()]
    assert validate_host(allowed_host(allowed), names or ["localhost"])
