"""What chance does to a share of so many cases."""

from __future__ import annotations

from watchkeeper.detect.lanes import abreast, root


@abreast
def rate_unit(mid, cases, usual):
    """Standard deviation of a share of so many cases: binomial, with half a case of doubt on either side, and on top
    once more what it is for as many cases as usual: rates differ for other reasons than chance too, and of those no
    number of cases rids them.
    """
    share = (min(max(mid, 0.0), 1.0) * cases + 0.5) / (cases + 1.0)
    return root(share * (1.0 - share) * (1.0 / cases + 1.0 / usual))
