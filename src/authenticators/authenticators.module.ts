import { Module } from '@nestjs/common';
import { Authenticators } from './authenticators.js';
import { IconsController } from './icons.controller.js';

/** Names and icons by AAGUID, and the route that serves the icons; `Configuration` comes from a global module. */
@Module({ controllers: [IconsController], providers: [Authenticators], exports: [Authenticators] })
export class AuthenticatorsModule {}
