# docker build .                  the server
# docker build --target tools .   the server with PostgreSQL's client programs, for gatehouse backup and restore
#
# Reproducible: the two images are named by what they hold and by a day, and packages come from Debian's archive as it was on the day
# of the image (the image says so itself). To move on, name later images; to pin them to the byte, give digests:
#   docker build --build-arg DEBIAN_IMAGE=debian@sha256:… --build-arg SWIFT_IMAGE=swift@sha256:… .
ARG SWIFT_IMAGE=swift:6.3.1-bookworm
ARG DEBIAN_IMAGE=debian:bookworm-20250929-slim

FROM ${SWIFT_IMAGE} AS build
RUN sed -i -E '/^# http:.*snapshot/{s/^# /URIs: /;n;d}' /etc/apt/sources.list.d/debian.sources \
    && apt-get -o Acquire::Check-Valid-Until=false update \
    && apt-get install -y --no-install-recommends libpq-dev libssl-dev libargon2-dev pkg-config \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
# What changes rarely first: the packages are fetched once.
COPY Package.swift Package.resolved* ./
RUN swift package resolve
COPY . .
RUN scripts/release

FROM ${DEBIAN_IMAGE} AS runtime
RUN sed -i -E '/^# http:.*snapshot/{s/^# /URIs: /;n;d}' /etc/apt/sources.list.d/debian.sources \
    && apt-get -o Acquire::Check-Valid-Until=false update \
    && apt-get install -y --no-install-recommends ca-certificates libargon2-1 libpq5 libssl3 libstdc++6 \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/cache/ldconfig/aux-cache /var/log/apt /var/log/dpkg.log /var/log/alternatives.log
# Nobody becomes somebody else in here.
RUN groupadd --system --gid 10001 gatehouse \
    && useradd --system --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin gatehouse \
    && find / -xdev -type f -perm /6000 -exec chmod a-s {} +
COPY --from=build /src/dist/gatehouse /opt/gatehouse
COPY --from=build /src/scripts/health-check /opt/gatehouse/bin/health-check
RUN chmod -R a+rX,go-w /opt/gatehouse && ln -s /opt/gatehouse/bin/gatehouse /usr/local/bin/gatehouse
WORKDIR /
USER 10001:10001
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=4s --start-period=20s --retries=3 CMD ["/opt/gatehouse/bin/health-check", "8080", "/health/ready"]
ENTRYPOINT ["/opt/gatehouse/bin/gatehouse"]
CMD ["serve"]

FROM runtime AS tools
USER 0:0
RUN apt-get -o Acquire::Check-Valid-Until=false update \
    && apt-get install -y --no-install-recommends postgresql-client-15 \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/cache/ldconfig/aux-cache /var/log/apt /var/log/dpkg.log /var/log/alternatives.log
USER 10001:10001

# What is built where no stage is named.
FROM runtime AS gatehouse
