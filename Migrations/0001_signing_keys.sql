-- The keys that tokens are signed with, in JWS (RFC 7515). Which of them signs and which are published follows from the instants
-- alone, so that every node comes to the same answer without a state to keep in step.
create table signing_keys (
    -- RFC 7638 thumbprint, the kid of the JWKS
    key_id text primary key check (length(key_id) between 1 and 128),
    -- JWS name: ES256, RS256, …
    algorithm text not null check (length(algorithm) between 1 and 32),
    -- in the JWKS from here on
    announced_at timestamptz not null,
    -- signs from here on, until a later key of its algorithm does
    signs_at timestamptz not null check (signs_at >= announced_at),
    -- compromised: neither signs, nor verifies, nor is published
    withdrawn_at timestamptz,
    -- sealed under a master key; erased once the key is out of the JWKS
    private_key bytea,
    -- a JWK, sealed as well: not for secrecy, but so that a row written by somebody else is never published
    public_key bytea not null
);
