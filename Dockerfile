# Built by: docker build -t bangtin .
FROM rust:1.95-slim-bookworm AS build
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY Cargo.toml Cargo.lock ./
COPY src src
COPY benches benches
COPY migrations migrations
COPY fixtures fixtures
RUN cargo build --release --locked --bin bangtin

FROM debian:bookworm-slim
RUN useradd --system --uid 10001 --home-dir /data bangtin && install -d -o bangtin -g bangtin -m 700 /data
COPY --from=build /src/target/release/bangtin /usr/local/bin/bangtin
USER bangtin
ENV BANGTIN_DATA=/data BANGTIN_LISTEN=0.0.0.0:8080
VOLUME /data
EXPOSE 8080
# bash opens the connection itself, so that no client has to be installed.
HEALTHCHECK --interval=30s --timeout=5s CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/8080 && printf 'GET /healthz HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n' >&3 && grep -q '200 OK' <&3"]
ENTRYPOINT ["bangtin"]
CMD ["serve"]
