import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { IDeployment } from 'kubernetes-models/apps/v1';
import type { IJob } from 'kubernetes-models/batch/v1';
import type { INetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1';
import type { IPodDisruptionBudget } from 'kubernetes-models/policy/v1';
import type { IHorizontalPodAutoscaler } from 'kubernetes-models/autoscaling/v2';
import type { IPodSpec, IService } from 'kubernetes-models/v1';
import { loadConfiguration } from '../../src/config/load-configuration.js';
import { aDirectory, sweep } from '../e2e/keyway-process.js';
import { buildApp } from '../support/build-app.js';
import { problemsOf } from './kubernetes-types.js';
import { Folder, type Manifest } from './manifests.js';
import { unknownSettings, variablesIn } from './settings-of.js';

const ROOT = 'deploy/kubernetes';
const FOLDERS = readdirSync(ROOT).map((name) => join(ROOT, name));
const MOUNTED = '/run/secrets/keyway';
const SERVICE = { 'app.kubernetes.io/name': 'keyway', 'app.kubernetes.io/component': 'service' };

const built = new Folder(join(ROOT, 'example')).build();
const find = <Kind extends object>(kind: string, name = 'keyway'): Kind =>
  built.find((it) => it.kind === kind && it.metadata.name === name) as object as Kind;

const deployment = find<IDeployment>('Deployment');
const job = find<IJob>('Job', 'keyway-migrate');
const pods: [string, IPodSpec][] = [
  ['the replicas', deployment.spec!.template.spec!],
  ['the migration', job.spec!.template.spec!],
];
const replica = pods[0]![1].containers[0]!;
const probes = [replica.startupProbe, replica.readinessProbe, replica.livenessProbe].map(
  (it) => it!.httpGet!,
);

describe('the manifests for Kubernetes', () => {
  it('are what the schema of Kubernetes says, before and after their patches', async () => {
    const kinds =
      'Deployment HorizontalPodAutoscaler Ingress Job Namespace NetworkPolicy PodDisruptionBudget Service';
    expect([...new Set(built.map(({ kind }) => kind))].sort().join(' ')).toBe(`${kinds} ServiceAccount`);
    expect(await problemsOf([...new Folder(join(ROOT, 'base')).build(), ...built])).toEqual([]);
  });

  it.each([
    ['a member that it does not know', { readinesProbe: {} }, /readinesProbe/],
    ['a member of another type', { ports: [{ containerPort: '3000' }] }, /string.*number|integer/],
  ])('would not be with %s', async (_, change, problem) => {
    const changed = structuredClone(deployment);
    Object.assign(changed.spec!.template.spec!.containers[0]!, change);
    expect((await problemsOf([changed as object as Manifest])).join()).toMatch(problem);
  });

  it.each(FOLDERS)(
    'of %s are all put together by its kustomization, which names no file that is not there',
    (path) => {
      const folder = new Folder(path);
      const isOfFolder = (name: string) => !FOLDERS.includes(name);
      expect(folder.named.filter(isOfFolder).sort()).toEqual(folder.files.sort());
      expect(folder.named.filter((name) => !isOfFolder(name)).every((name) => FOLDERS.includes(name))).toBe(
        true,
      );
    },
  );

  it('have the patches of the example find what they change', () => {
    const { patches = [] } = new Folder(join(ROOT, 'example')).kustomization;
    const targets = patches.flatMap(({ target = [] }) => target);
    expect(targets).toEqual([{ kind: 'Ingress', name: 'keyway' }]);
    const ingress = find<{ spec: unknown }>('Ingress');
    for (const { patch } of patches) {
      for (const [, path] of (patch ?? '').matchAll(/path: \/(.*)/g)) {
        const value = path!
          .split('/')
          .reduce<unknown>((at, key) => (at as Record<string, unknown>)[key], ingress);
        expect(value).toBe('passkeys.example.com');
      }
    }
  });
});

describe('the settings of the manifests', () => {
  /** The environment of a container, with secrets that are files of this machine. */
  function environmentOf(container: typeof replica): Record<string, string> {
    const mount = aDirectory();
    const env = Object.fromEntries(
      container.env!.map(({ name, value }) => [name, value!.replace(MOUNTED, mount)]),
    );
    const secrets = {
      DATABASE_URL: 'postgresql://keyway_service:secret@db.example/keyway',
      KEYWAY_SECRET: randomBytes(32).toString('base64'),
      APP_API_KEY: `kw_0123456789ab_${randomBytes(32).toString('base64url')}`,
    };
    for (const [name, value] of Object.entries(secrets)) writeFileSync(join(mount, name), value);
    return { NODE_ENV: 'production', ...env };
  }
  const settings = variablesIn(join(ROOT, 'example/settings.env'));
  afterEach(sweep);

  it('are settings of Keyway', () => {
    const names = [
      ...Object.keys(settings),
      ...pods.flatMap(([, { containers }]) => containers[0]!.env!.map((it) => it.name)),
    ];
    expect(unknownSettings(names)).toEqual([]);
    expect(unknownSettings(['APP_RPID', 'KEYWAY_SECRET_FILES'])).toEqual(['APP_RPID', 'KEYWAY_SECRET_FILES']);
  });

  it('are all that a replica needs', () => {
    const { http, database } = loadConfiguration({ ...environmentOf(replica), ...settings });
    expect(http).toMatchObject({ host: '0.0.0.0', port: 3000, publicUrl: 'https://passkeys.shop.example' });
    expect(database).toMatchObject({ kind: 'postgresql' });
  });

  it('would not be if one were missing or misspelt', () => {
    const env = { ...environmentOf(replica), ...settings, APP_RPID: settings.APP_RP_ID, JWT_ISSUER: '' };
    expect(() => loadConfiguration(env)).toThrow(
      /did you mean APP_RP_ID\?[^]*JWT_ISSUER|JWT_ISSUER[^]*APP_RP_ID/,
    );
  });

  it('come from a ConfigMap that the example makes', () => {
    const { configMapGenerator = [] } = new Folder(join(ROOT, 'example')).kustomization;
    const [{ configMapRef }] = replica.envFrom as [{ configMapRef: { name: string } }];
    expect(configMapGenerator).toEqual([{ name: configMapRef.name, envs: ['settings.env'] }]);
  });

  it('have no secret in them', () => {
    const text = FOLDERS.flatMap((path) => [...new Folder(path).files, join(path, 'kustomization.yaml')])
      .map((file) => readFileSync(file, 'utf8'))
      .join('\n');
    expect(text).not.toMatch(/^(KEYWAY_SECRET|DATABASE_URL|\w+_API_KEY|JWT_SECRET)=|kind: Secret/m);
  });
});

describe('the ports and probes of the manifests', () => {
  const portsOf = (it: typeof replica) =>
    new Map(it.ports!.map(({ name, containerPort }) => [name, containerPort]));

  it('are those that the image and the settings have', () => {
    const env = new Map(replica.env!.map(({ name, value }) => [name, value]));
    expect(portsOf(replica)).toEqual(new Map([['http', 3000]]));
    expect(env.get('PORT')).toBe('3000');
    expect(readFileSync('Dockerfile', 'utf8')).toMatch(/^EXPOSE 3000$/m);
  });

  it('meet by name in Service, Ingress and policy', () => {
    const names = new Set(portsOf(replica).keys());
    const service = find<IService>('Service').spec!.ports!;
    expect(service.map(({ targetPort }) => targetPort)).toEqual([...names]);
    expect(JSON.stringify(find('Ingress'))).toContain('"port":{"name":"http"}');
    const allowed = find<INetworkPolicy>('NetworkPolicy').spec!.ingress!.flatMap(({ ports }) =>
      ports!.map(({ port }) => port),
    );
    expect(allowed).toEqual([...names]);
  });

  it('ask paths that answer', async () => {
    const app = await buildApp();
    try {
      expect(probes.map(({ port }) => port)).toEqual(['http', 'http', 'http']);
      for (const { path } of probes) {
        const { statusCode } = await app.application.inject({ method: 'GET', url: path! });
        expect([path, statusCode]).toEqual([path, 200]);
      }
    } finally {
      await app.close();
    }
  });

  it('give a replica the time that it takes to stop', () => {
    const main = readFileSync('src/main.ts', 'utf8');
    const limit = Number(/SHUTDOWN_LIMIT = ([\d_]+);/.exec(main)![1]!.replace('_', '')) / 1_000;
    const { terminationGracePeriodSeconds } = pods[0]![1];
    expect(terminationGracePeriodSeconds).toBeGreaterThanOrEqual(
      replica.lifecycle!.preStop!.sleep!.seconds + limit + 5,
    );
  });
});

describe('the objects of the manifests', () => {
  it('find the pods that they are for, and no pods of the migration', () => {
    const template = deployment.spec!.template.metadata!.labels!;
    const selectors = [
      deployment.spec!.selector.matchLabels,
      find<IService>('Service').spec!.selector,
      find<IPodDisruptionBudget>('PodDisruptionBudget').spec!.selector!.matchLabels,
      find<INetworkPolicy>('NetworkPolicy').spec!.podSelector!.matchLabels,
      ...pods[0]![1].topologySpreadConstraints!.map(({ labelSelector }) => labelSelector!.matchLabels),
    ];
    expect(template).toEqual(SERVICE);
    for (const selector of selectors) expect(selector).toEqual(SERVICE);
    expect(job.spec!.template.metadata!.labels).toEqual(
      find<INetworkPolicy>('NetworkPolicy', 'keyway-migrate').spec!.podSelector!.matchLabels,
    );
    expect(find<IHorizontalPodAutoscaler>('HorizontalPodAutoscaler').spec.scaleTargetRef).toMatchObject({
      kind: 'Deployment',
      name: deployment.metadata!.name,
    });
  });

  it.each(pods)('keep %s to the restricted standard of Pod Security, and to less', (_, pod) => {
    expect(pod.securityContext).toMatchObject({
      runAsNonRoot: true,
      runAsUser: 1000,
      seccompProfile: { type: 'RuntimeDefault' },
    });
    expect(pod.automountServiceAccountToken).toBe(false);
    expect([pod.hostNetwork, pod.hostPID, pod.hostIPC]).toEqual([undefined, undefined, undefined]);
    for (const container of pod.containers) {
      expect(container.securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      });
      expect(container.resources).toMatchObject({
        requests: { cpu: expect.any(String), memory: expect.any(String) },
        limits: { memory: expect.any(String) },
      });
    }
    expect(pod.volumes!.map(({ secret }) => secret!.secretName)).toHaveLength(1);
  });

  it('give the role that owns the schema to the migration alone', () => {
    const [ofReplicas, ofMigration] = pods.map(([, { volumes }]) => volumes![0]!.secret!.secretName);
    expect([ofReplicas, ofMigration]).toEqual(['keyway', 'keyway-migrate']);
  });
});
