-- Events of record. A row is written in the transaction that it describes and carries that transaction's id,
-- so that a later seal can cover exactly the rows whose transactions have ended. Ids are version 7 UUIDs: ordered by time.
create table audit_events (
    id uuid primary key,
    occurred_at timestamptz not null,
    kind text not null,
    user_id uuid,
    client_id text,
    session_id uuid,
    grant_id uuid,
    address text,
    detail jsonb not null default '{}',
    transaction_id xid8 not null default pg_current_xact_id()
);
