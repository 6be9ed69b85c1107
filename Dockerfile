# syntax=docker/dockerfile:1
# The daemon with native TensorFlow, without what only building and testing need.
#   docker build -t rebalanced .
#   docker run --init -p 127.0.0.1:9464:9464 -e DATABASE_URL=postgres://... \
#     -v ./rebalanced.yaml:/app/config/rebalanced.yaml:ro -v rebalanced:/var/lib/rebalanced rebalanced
# To be reached from outside the container the configuration must say `server: { host: 0.0.0.0 }`: there is no log-in,
# so publish the port to loopback or to a proxy that has one. Migrate first, as the database's owner:
#   docker run --rm -e DATABASE_URL=postgres://OWNER... rebalanced migrate

FROM node:24-bookworm-slim AS build
RUN apt-get update \
    && apt-get install --yes --no-install-recommends g++ python3 python3-pip \
    && rm -rf /var/lib/apt/lists/*
# from 11.16 on npm keeps to `allowScripts`, so tfjs-node's own download is not tried first
RUN npm install --global npm@11.19.1
WORKDIR /app
COPY package.json package-lock.json ./
COPY ops/native-tensorflow ops/native-tensorflow
# TensorFlow's library is linked from the cache into node_modules, so the cache may go within the same layer, not be mounted
RUN REBALANCED_CACHE_DIR=/app/.cache npm ci --omit=dev --no-audit --no-fund \
    && rm -rf /app/.cache /root/.npm

FROM node:24-bookworm-slim
RUN groupadd --system --gid 10001 rebalanced \
    && useradd --system --uid 10001 --gid rebalanced --home-dir /var/lib/rebalanced rebalanced \
    && install --directory --owner=rebalanced --group=rebalanced \
      /var/lib/rebalanced /var/lib/rebalanced/letters /var/lib/rebalanced/demo /app \
    && ln -s /var/lib/rebalanced/letters /app/letters \
    && ln -s /var/lib/rebalanced/demo /app/demo
WORKDIR /app
COPY --from=build /app/node_modules node_modules
COPY package.json LICENSE NOTICE ./
COPY bin bin
COPY config config
COPY migrations migrations
COPY ops/postgres ops/postgres
COPY src src
ENV NODE_ENV=production \
    HOME=/var/lib/rebalanced \
    REBALANCED_STATE_DIR=/var/lib/rebalanced/state \
    REBALANCED_CACHE_DIR=/var/lib/rebalanced/cache \
    HEALTH_URL=http://127.0.0.1:9464/healthz
USER rebalanced
VOLUME /var/lib/rebalanced
EXPOSE 9464
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
  CMD ["node", "-e", "fetch(process.env.HEALTH_URL).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
# the Node pinned in package.json, not the image's
ENTRYPOINT ["node_modules/node/bin/node", "src/main.ts"]
CMD ["run"]
