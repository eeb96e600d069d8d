-- Keys that requests are signed with (RFC 9421).
create table signature_keys (
    -- The keyid of signatures; not secret.
    key_id text primary key,
    algorithm text not null check (algorithm in ('hmac-sha256', 'ecdsa-p256-sha256', 'ed25519')),
    -- The shared secret or the public key, sealed under a master key: the one for secrecy, both so that a row written by somebody else
    -- verifies nothing. Erased when the key is revoked.
    material bytea,
    -- What a rotation replaced: it works on under the same id until previous_until, and is erased after.
    previous_material bytea,
    previous_until timestamptz,
    rotated_at timestamptz,
    user_id uuid references users (id) on delete cascade,
    client_id text references clients (client_id) on delete cascade,
    name text not null,
    scopes text[] not null,
    audiences text[] not null default '{}',
    -- CIDR; empty: from anywhere.
    networks text[] not null default '{}',
    limit_burst integer check (limit_burst > 0),
    limit_per_minute double precision check (limit_per_minute > 0),
    expires_at timestamptz,
    revoked_at timestamptz,
    last_used_at timestamptz,
    created_at timestamptz not null,
    check ((user_id is null) <> (client_id is null)),
    check (material is not null or revoked_at is not null),
    check ((previous_material is null) = (previous_until is null))
);

create index signature_keys_user on signature_keys (user_id, key_id) where user_id is not null;
create index signature_keys_client on signature_keys (client_id, key_id) where client_id is not null;
create index signature_keys_previous_until on signature_keys (previous_until) where previous_until is not null;

-- Proofs that were accepted once, until the time in which they would be accepted again is over. Partitions by the signed time are made
-- by the server as they are needed. They are unlogged: what a crash loses with them, replay_epochs makes good.
create table replay_proofs (
    -- SHA-256 of what made the proof unique: its kind, its key, its nonce, its time.
    proof_hash bytea not null,
    signed_at timestamptz not null,
    primary key (proof_hash, signed_at)
) partition by range (signed_at);

-- One row: since when no accepted proof has been forgotten. Unlogged, so that crash recovery, a promoted standby and a physical backup
-- empty it together with the proofs; whoever finds it empty writes the present, and proofs signed before that are refused.
create unlogged table replay_epochs (
    id boolean primary key default true check (id),
    began_at timestamptz not null
);

-- Nothing has been accepted yet, so nothing can have been forgotten.
insert into replay_epochs (began_at) values (to_timestamp(0));
