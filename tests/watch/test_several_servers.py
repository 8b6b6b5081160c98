"""Servers on one PostgreSQL share the work: who holds what, and when it changes hands."""

from __future__ import annotations

from watchkeeper.stores.ledger import Ledger
from watchkeeper.watch.leases import SHARES, Leases, share_of


def test_a_share_changes_hands_only_when_its_holder_lets_go_or_dies(postgres_url: str) -> None:
    names = {share_of(f"family {n}"): f"family {n}" for n in range(2_000)}
    assert len(names) == SHARES
    with Ledger.open(postgres_url) as ledger:
        one, other = Leases(ledger, is_shared=True, lease_s=60), Leases(ledger, is_shared=True, lease_s=60)

        def held(server: Leases) -> set[str]:
            return {name for name in names.values() if server.is_mine(name)}

        one.refresh()
        assert held(one) == set(names.values())
        other.refresh()
        assert held(other) == set(), "the first still holds all"
        one.refresh()
        assert len(held(one)) == SHARES // 2
        other.refresh()
        assert held(other) == set(names.values()) - held(one)
        with ledger.read() as tx:
            assert {name for name in names.values() if one.still_mine(tx)(name)} == held(one)
        one.close()
        other.refresh()
        assert held(other) == set(names.values())
        other.close()
