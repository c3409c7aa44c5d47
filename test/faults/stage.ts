import { buildKeyway } from '../e2e/build-keyway.js';
import { sweep } from '../e2e/keyway-process.js';
import { PostgresCluster } from './postgres-cluster.js';
import { Site, type SiteOptions } from './site.js';

/** What the tests of a file run on. */
export interface Stage {
  readonly cluster: PostgresCluster;
  /** Opens a site on it, until the test has ended. */
  readonly open: (options: SiteOptions) => Promise<Site>;
}

/**
 * A PostgreSQL for all tests of a file; to be called in its `describe`.
 * @param authentication lines for its `pg_hba.conf`.
 */
export function aStage(...authentication: string[]): Stage {
  let cluster: PostgresCluster;
  const sites: Site[] = [];
  beforeAll(async () => {
    buildKeyway();
    cluster = await PostgresCluster.create(...authentication);
  }, 150_000);
  afterEach(async () => {
    for (const site of sites.splice(0)) await site.close();
    await sweep();
  });
  afterAll(() => cluster?.destroy());
  return {
    get cluster() {
      return cluster;
    },
    open: async (options) => {
      const site = await Site.open(cluster, options);
      sites.push(site);
      return site;
    },
  };
}
