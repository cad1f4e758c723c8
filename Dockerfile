# syntax=docker/dockerfile:1
# Stage 1: production dependencies, and the compact FHIR definitions that are made from a development dependency.
FROM node:24-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY scripts ./scripts
RUN npm ci --omit=optional --ignore-scripts && npm run prepare && npm prune --omit=dev --omit=optional --ignore-scripts

# Stage 2: what runs. No compiler, no development dependency, no root.
FROM node:24-slim
ENV NODE_ENV=production GINNEL_HOST=0.0.0.0 PORT=8080 MLLP_PORT=2575 GINNEL_DATA=/data
WORKDIR /app
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/build ./build
COPY package.json LICENSE ./
COPY bin ./bin
COPY src ./src
COPY profiles ./profiles
COPY mappings ./mappings
COPY examples ./examples
RUN mkdir /data && chown node:node /data
USER node
VOLUME /data
EXPOSE 8080 2575
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/health/ready`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "bin/ginnel.js"]
CMD ["serve"]
