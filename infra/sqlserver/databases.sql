-- One database for each service that has one; the service's login reads and writes, only the migrator's changes the schema.
-- Run by the one-shot service 'databases' of compose.yml with sqlcmd, as often as one likes:
--   sqlcmd -v database=… login=… password=… migrator=… migrator_password=… -i databases.sql
IF DB_ID(N'$(database)') IS NULL
    CREATE DATABASE [$(database)];
GO
-- Readers do not block writers and are not blocked by them.
IF (SELECT is_read_committed_snapshot_on FROM sys.databases WHERE name = N'$(database)') = 0
    ALTER DATABASE [$(database)] SET READ_COMMITTED_SNAPSHOT ON WITH ROLLBACK IMMEDIATE;
GO
IF SUSER_ID(N'$(login)') IS NULL
    CREATE LOGIN [$(login)] WITH PASSWORD = N'$(password)';
IF SUSER_ID(N'$(migrator)') IS NULL
    CREATE LOGIN [$(migrator)] WITH PASSWORD = N'$(migrator_password)';
GO
USE [$(database)];
GO
IF USER_ID(N'$(login)') IS NULL
    CREATE USER [$(login)] FOR LOGIN [$(login)];
IF USER_ID(N'$(migrator)') IS NULL
    CREATE USER [$(migrator)] FOR LOGIN [$(migrator)];
GO
ALTER ROLE db_datareader ADD MEMBER [$(login)];
ALTER ROLE db_datawriter ADD MEMBER [$(login)];
ALTER ROLE db_owner ADD MEMBER [$(migrator)];
GO
