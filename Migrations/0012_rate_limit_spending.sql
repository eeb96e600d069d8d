-- What all nodes together have left of an allowance (docs/design.md "Limits"). Unlogged: it is worth seconds to minutes, and the
-- nodes remember enough to go on after a crash. Rows come with use and are deleted when their bucket is full again.
create unlogged table rate_limit_spending (
    -- A keyed hash of policy and key: neither addresses nor names can be read from it.
    bucket text primary key,
    -- Attempts left; below zero: taken too much, paid back before anything is allowed.
    level double precision not null,
    -- Attempts, allowed or not, of the last seconds: each adds one, and all fade with time.
    demand double precision not null,
    -- What the last report took.
    spent double precision not null,
    capacity double precision not null,
    per_second double precision not null check (per_second > 0),
    refilled_at timestamptz not null
) with (fillfactor = 50);
