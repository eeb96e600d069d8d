-- What a refresh writes, one statement after the other: mark the token as rotated, insert its successor, insert the audit row.
begin;
update refresh_tokens set rotated_at = now(), successor_salt = sha256('salt'), successor_key_id = 'key'
where token_hash = sha256(convert_to('pgbench ' || :client_id::text || ' ' || :n::text, 'UTF8'));
\set n :n + 1
insert into refresh_tokens (token_hash, grant_id, created_at, expires_at)
values (sha256(convert_to('pgbench ' || :client_id::text || ' ' || :n::text, 'UTF8')),
    ('00000000-0000-7000-8000-' || lpad(:client_id::text, 12, '0'))::uuid, now(), now() + interval '7 days');
insert into audit_events (id, occurred_at, kind, user_id, client_id, session_id, grant_id, address)
values (gen_random_uuid(), now(), 'refresh_token.rotated', gen_random_uuid(), 'app', gen_random_uuid(), gen_random_uuid(), '127.0.0.1');
commit;
