using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Pipeline.Orchestrator.Persistence.Migrations.Sqlite
{
    /// <inheritdoc />
    public partial class HttpApi : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateTable(
                name: "api_keys",
                columns: table => new
                {
                    Id = table.Column<Guid>(type: "TEXT", nullable: false),
                    Name = table.Column<string>(type: "TEXT", maxLength: 100, nullable: false),
                    Tenant = table.Column<string>(type: "TEXT", maxLength: 64, nullable: true),
                    IsOperator = table.Column<bool>(type: "INTEGER", nullable: false),
                    Hash = table.Column<byte[]>(type: "BLOB", maxLength: 32, nullable: false),
                    CreatedAt = table.Column<DateTime>(type: "TEXT", nullable: false),
                    RevokedAt = table.Column<DateTime>(type: "TEXT", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_api_keys", x => x.Id);
                });

            migrationBuilder.CreateIndex(
                name: "IX_invocations_AcceptedAt_CorrelationId",
                table: "invocations",
                columns: new[] { "AcceptedAt", "CorrelationId" });

            migrationBuilder.CreateIndex(
                name: "IX_invocations_Tenant_AcceptedAt_CorrelationId",
                table: "invocations",
                columns: new[] { "Tenant", "AcceptedAt", "CorrelationId" });

            migrationBuilder.CreateIndex(
                name: "IX_api_keys_Hash",
                table: "api_keys",
                column: "Hash",
                unique: true);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "api_keys");

            migrationBuilder.DropIndex(
                name: "IX_invocations_AcceptedAt_CorrelationId",
                table: "invocations");

            migrationBuilder.DropIndex(
                name: "IX_invocations_Tenant_AcceptedAt_CorrelationId",
                table: "invocations");
        }
    }
}
