"""Everything Watchkeeper raises on purpose. A message names the thing, the place and the mend.

```
WatchkeeperError
├── InputError        what was given cannot be used: a file, a column, a time, an argument
│   ├── LinkError     a signed link is too old, or was changed
│   └── ConfigError   a configuration file says something that cannot be
├── SourceError       a source did not give its numbers
├── StoreError        a store cannot be read or written
├── ChannelError      people could not be told
├── NotFoundError     no such metric, series, alert or feedback
├── GuardError        an answer would lose an alert that a person confirmed
├── AccessError       whoever calls is not known here, or may not do that
└── ConflictError     what was asked for does not fit what happened meanwhile
    └── StaleError    what was to be changed is another than whoever changes it has seen
```
"""


class WatchkeeperError(Exception):
    """Root of the tree; `exit_code` is what the command line ends with."""

    exit_code = 1


class InputError(WatchkeeperError):
    """What was given cannot be used."""

    exit_code = 3


class LinkError(InputError):
    """A signed link is too old, or was changed on its way."""


class ConfigError(InputError):
    """A configuration says something that cannot be."""

    exit_code = 4


class SourceError(WatchkeeperError):
    """A source did not give its numbers."""

    exit_code = 5


class StoreError(WatchkeeperError):
    """A store cannot be read or written."""

    exit_code = 6


class ChannelError(WatchkeeperError):
    """People could not be told. `permanent` means that sending this message again cannot help.

    `is_of_channel`: nor can any other, until a person mends the channel. `retry_after_s`: how long the other side asks
    to be left alone.
    """

    exit_code = 7

    def __init__(
        self, message: str, *, permanent: bool = False, is_of_channel: bool = False, retry_after_s: int = 0
    ) -> None:
        super().__init__(message)
        self.permanent = permanent
        self.is_of_channel = is_of_channel
        self.retry_after_s = retry_after_s


class NotFoundError(WatchkeeperError):
    """No such metric, series, alert or feedback."""

    exit_code = 8


class GuardError(WatchkeeperError):
    """An answer would lose an alert that a person confirmed; saying it again with `force` accepts that."""

    exit_code = 9


class AccessError(WatchkeeperError):
    """Whoever calls is not known here (`is_known` is false), or may not do that."""

    exit_code = 11

    def __init__(self, message: str, *, is_known: bool = True) -> None:
        super().__init__(message)
        self.is_known = is_known


class ConflictError(WatchkeeperError):
    """What was asked for does not fit what happened meanwhile."""

    exit_code = 12


class StaleError(ConflictError):
    """What was to be changed is another than whoever changes it has seen."""
