"""One file per page: a pure function from view records to the page's record, and the handler that answers with it."""
