using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Pipeline.Orchestrator.Persistence.Migrations.Sqlite
{
    /// <inheritdoc />
    public partial class Admission : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateTable(
                name: "admission_promises",
                columns: table => new
                {
                    Agent = table.Column<string>(type: "TEXT", maxLength: 64, nullable: false),
                    Identity = table.Column<Guid>(type: "TEXT", nullable: false),
                    NotBefore = table.Column<DateTime>(type: "TEXT", nullable: false),
                    ExpiresAt = table.Column<DateTime>(type: "TEXT", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_admission_promises", x => new { x.Agent, x.Identity });
                });

            migrationBuilder.CreateTable(
                name: "agent_admissions",
                columns: table => new
                {
                    Agent = table.Column<string>(type: "TEXT", maxLength: 64, nullable: false),
                    Open = table.Column<int>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_agent_admissions", x => x.Agent);
                });

            migrationBuilder.CreateIndex(
                name: "IX_invocations_Agent_EndedAt",
                table: "invocations",
                columns: new[] { "Agent", "EndedAt" });

            migrationBuilder.CreateIndex(
                name: "IX_admission_promises_Agent_NotBefore",
                table: "admission_promises",
                columns: new[] { "Agent", "NotBefore" });

            migrationBuilder.CreateIndex(
                name: "IX_admission_promises_ExpiresAt",
                table: "admission_promises",
                column: "ExpiresAt");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "admission_promises");

            migrationBuilder.DropTable(
                name: "agent_admissions");

            migrationBuilder.DropIndex(
                name: "IX_invocations_Agent_EndedAt",
                table: "invocations");
        }
    }
}
