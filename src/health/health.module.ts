import { Module } from '@nestjs/common';
import { HealthController } from './health.controller.js';
import { Liveness } from './liveness.js';
import { Readiness } from './readiness.js';

/** Liveness and readiness. */
@Module({ controllers: [HealthController], providers: [Readiness, Liveness], exports: [Readiness] })
export class HealthModule {}
