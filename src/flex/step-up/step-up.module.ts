import { Module } from '@nestjs/common';
import { UserRefusals } from '../user-refusals.repository.js';
import { StepUpRepository } from './step-up.repository.js';
import { StepUps } from './step-ups.js';

/** Step-up: that a person proves again who they are before they change what signs them in. */
@Module({ providers: [StepUpRepository, StepUps, UserRefusals], exports: [StepUps] })
export class StepUpModule {}
