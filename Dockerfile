# Keyway's image: the compiled service and its production dependencies, run by an unprivileged user.
#   docker build -t keyway .
#   docker run --rm keyway keyway --help

FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY packages/node/package.json packages/node/
COPY packages/browser/package.json packages/browser/
COPY packages/elements/package.json packages/elements/
# Optional packages are wanted here alone: esbuild is one binary for each platform. No package runs a script.
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json nest-cli.json ./
COPY scripts scripts
COPY packages packages
COPY src src
COPY web web
RUN npm run build && chmod -R a+rX dist && chmod a+x dist/cli/main.js \
 # The demo is for a developer's machine.
 && rm -rf dist/demo dist/web

FROM node:24-bookworm-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# Of the packages the client for servers alone is part of the service: a copy of what was built, not a link to it.
COPY --from=build /app/packages/node packages/node
RUN npm ci --omit=dev --omit=optional --workspaces=false --install-links --ignore-scripts --no-audit --no-fund \
 # The embedded database is for a developer's machine. (npm on Node 20 would skip it everywhere if it were optional.)
 && rm -rf node_modules/@electric-sql node_modules/@mikro-orm/pglite \
 && find node_modules -type f \( -name '*.ts' -o -name '*.mts' -o -name '*.cts' -o -name '*.map' \) -delete

FROM node:24-bookworm-slim
ENV NODE_ENV=production
WORKDIR /app
RUN ln -s /app/dist/cli/main.js /usr/local/bin/keyway
# All of it belongs to root: the service can read its own code and change none of it.
COPY --from=dependencies /app/node_modules node_modules
COPY --chmod=644 package.json ./
COPY --from=build /app/dist dist
# The user node, as a number: Kubernetes checks runAsNonRoot by it.
USER 1000:1000
EXPOSE 3000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=15s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + (process.env.PORT || 3000) + '/health/live').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "--enable-source-maps", "dist/main.js"]
