"""Addresses that name no place in a store are refused, and what may be a credential in one is not repeated."""

from __future__ import annotations

from pathlib import Path

import pytest

from anyport.bill.remote import Remote, parse_remote
from conftest import Bill


def test_a_percent_is_a_character_of_a_key_but_in_a_web_address() -> None:
    web = parse_remote("https://acct.blob.core.windows.net/c/a%20b")
    s3 = parse_remote("s3://bucket/a%20b")
    assert isinstance(web, Remote)
    assert isinstance(s3, Remote)
    assert (web.prefix, s3.prefix) == ("a b", "a%20b")


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://example.com/x", "exports are not read from there"),
        ("https://example.com/x", "exports are not read from there"),
        ("ftp://bucket/x", "exports are not read from there"),
        ("file:///etc", "exports are not read from there"),
        ("s3://", "the address names no bucket"),
        ("s3://bucket/a/../b", "a prefix has no empty segments"),
        ("s3://key:secret@bucket/x", "an address may carry no query"),
        ("https://acct.blob.core.windows.net/c/p?sv=1&sig=verysecret", "an address may carry no query"),
        ("oci://bucket/prefix", "exports are not read from there"),
        ("s3://key:sec/ret-secret@bucket/x", "the address cannot be read"),
        ("s3://key:123/secret@bucket/x", "exports are not read from there"),
        ("https://acct.blob.core.chinacloudapi.cn/c/p", "exports are not read from there"),
    ],
)
def test_addresses_that_are_none(url: str, said: str, place: Path, bill: Bill) -> None:
    ran = bill(url)
    assert ran.code == 2
    assert f"AP568 {said}" in ran.err
    assert "secret" not in ran.err
