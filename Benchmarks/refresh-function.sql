-- A refresh as the server calls it: one function that locks, judges and writes, in one round trip.
\set next :n + 1
select verdict, grant_id, user_id, session_id, scopes, audiences, authenticated_at, methods, roles, successor_salt, successor_key_id
from refresh_token_rotate_v1(
    sha256(convert_to('pgbench ' || :client_id::text || ' ' || :n::text, 'UTF8')), 'app', now(), now() - interval '30 s',
    now() + interval '1 day', '{}', '{}', sha256('salt'), 'key',
    sha256(convert_to('pgbench ' || :client_id::text || ' ' || :next::text, 'UTF8')), now() + interval '7 days', gen_random_uuid(),
    '127.0.0.1');
\set n :next
