create table users (
    id uuid primary key,
    username text not null check (username <> '' and position('@' in username) = 0),
    email text check (position('@' in email) > 0),
    email_verified boolean not null default false,
    phone_number text,
    phone_number_verified boolean not null default false,
    -- The other standard claims of OpenID Connect Core §5.1, by claim name.
    claims jsonb not null default '{}',
    roles text[] not null default '{}',
    -- PHC string; null: this person cannot sign in with a password.
    password_hash text,
    -- Declared in the settings file: reconciled at every start, removed by prune.
    declared boolean not null default false,
    disabled_at timestamptz,
    created_at timestamptz not null,
    updated_at timestamptz not null
);

-- A person signs in with either, in any letter case.
create unique index users_username on users (lower(username));
create unique index users_email on users (lower(email)) where email is not null;
